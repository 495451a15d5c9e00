import { AdminAuditPage } from "@/features/admin/audit-page";

export default function Page() {
  return <AdminAuditPage />;
}
