import { ProfilePage } from "@/features/profile/profile-page";

export default function Page() {
  return <ProfilePage />;
}
