import { ImportPage } from "@/features/servers/import-page";

export default function Page() {
  return <ImportPage />;
}
