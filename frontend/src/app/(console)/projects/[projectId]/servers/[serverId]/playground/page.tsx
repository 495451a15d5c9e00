import { PlaygroundPage } from "@/features/playground/playground-page";

export default function Page() {
  return <PlaygroundPage />;
}
