import { ApprovalsPage } from "@/features/approvals/approvals-page";

export default function Page() {
  return <ApprovalsPage />;
}
