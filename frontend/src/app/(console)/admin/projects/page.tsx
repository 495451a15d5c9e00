import type { Metadata } from "next";

import { AdminProjectsPage } from "@/features/admin/projects-page";

export const metadata: Metadata = { title: "Projects" };

export default function Page() {
  return <AdminProjectsPage />;
}
