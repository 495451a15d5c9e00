import { ToolsPage } from "@/features/tools/tools-page";

export default function Page() {
  return <ToolsPage />;
}
