import { TeamPage } from "@/features/teams/team-page";

export default function Page() {
  return <TeamPage />;
}
