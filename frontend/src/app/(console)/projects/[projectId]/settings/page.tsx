import { ProjectSettingsPage } from "@/features/project-settings/project-settings-page";

export default function Page() {
  return <ProjectSettingsPage />;
}
