import { ServerSettingsPage } from "@/features/servers/server-settings-page";

export default function Page() {
  return <ServerSettingsPage />;
}
