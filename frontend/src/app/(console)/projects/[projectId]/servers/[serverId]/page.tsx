import type { Metadata } from "next";

import { ServerOverviewPage } from "@/features/servers/server-overview-page";

export const metadata: Metadata = { title: "Server" };

export default function Page() {
  return <ServerOverviewPage />;
}
