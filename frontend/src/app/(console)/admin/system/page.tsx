import { SystemPage } from "@/features/admin/system-page";

export default function Page() {
  return <SystemPage />;
}
