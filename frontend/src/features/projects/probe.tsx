"use client";
import { usePathname } from "next/navigation";
import { useProject } from "@/lib/data/projects";
export function Probe({ name }: { name: string }) {
  const project = useProject();
  return <p>{name} {usePathname()} {project.name}</p>;
}
