import { InvitationPage } from "@/features/invitation/invitation-page";

export default function Page() {
  return <InvitationPage />;
}
