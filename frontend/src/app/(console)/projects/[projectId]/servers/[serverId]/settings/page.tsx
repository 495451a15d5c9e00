import type { Metadata } from "next";

import { ServerSettingsPage } from "@/features/servers/server-settings-page";

export const metadata: Metadata = { title: "Server settings" };

export default function Page() {
  return <ServerSettingsPage />;
}
