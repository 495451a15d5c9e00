import type { Metadata } from "next";

import { AddServerPage } from "@/features/servers/add-server-page";

export const metadata: Metadata = { title: "Add server" };

export default function Page() {
  return <AddServerPage />;
}
