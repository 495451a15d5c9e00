"use client";

import { useSyncExternalStore } from "react";

import { StarButton } from "@/components/star-button";
import { useRowsInSight } from "@/components/use-rows-in-sight";
import type { Project } from "@/lib/data/projects";

import { ProjectCard } from "./project-card";

/** A card and the gap below it. */
const ROW_HEIGHT = 122;

/** As many as the classes of the list say. */
const COLUMNS = [
  ["(min-width: 80rem)", 3],
  ["(min-width: 40rem)", 2],
] as const;

function onWidth(listener: () => void): () => void {
  const media = COLUMNS.map(([query]) => matchMedia(query));
  for (const one of media) one.addEventListener("change", listener);
  return () => {
    for (const one of media) one.removeEventListener("change", listener);
  };
}

function columnsNow(): number {
  return COLUMNS.find(([query]) => matchMedia(query).matches)?.[1] ?? 1;
}

/** A card for each project. Only those in sight are drawn, so a thousand scroll smoothly. */
export function ProjectGrid({ projects }: { projects: Project[] }) {
  const columns = useSyncExternalStore(onWidth, columnsNow);
  const { measure, first, end, before, after } = useRowsInSight({
    items: projects.length,
    rows: Math.ceil(projects.length / columns),
    height: ROW_HEIGHT,
  });
  return (
    <ul
      ref={measure}
      className="grid grid-cols-1 gap-3 sm:grid-cols-2 xl:grid-cols-3"
      style={before + after === 0 ? undefined : { paddingTop: before, paddingBottom: after }}
    >
      {projects.slice(first * columns, end * columns).map((project, index) => (
        <li key={project.id} aria-setsize={projects.length} aria-posinset={first * columns + index + 1}>
          <ProjectCard project={project} star={<StarButton target={{ project: project.id }} name={project.name} />} />
        </li>
      ))}
    </ul>
  );
}
