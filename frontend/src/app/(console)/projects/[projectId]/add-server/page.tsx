import { AddServerPage } from "@/features/servers/add-server-page";

export default function Page() {
  return <AddServerPage />;
}
