import { ServerOverviewPage } from "@/features/servers/server-overview-page";

export default function Page() {
  return <ServerOverviewPage />;
}
