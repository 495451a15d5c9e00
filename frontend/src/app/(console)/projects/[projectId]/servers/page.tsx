import { Probe } from "@/features/projects/probe";

export default function Page() {
  return <Probe name="/servers" />;
}
