import { AdminProjectsPage } from "@/features/admin/projects-page";

export default function Page() {
  return <AdminProjectsPage />;
}
