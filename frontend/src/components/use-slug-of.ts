"use client";

import { useState } from "react";

import { slugOf, someSlug } from "@/lib/slug";

/** Suggests what stands in addresses for a name in any script; the same for the same name as long as the form is open. */
export function useSlugOf(noun: "project" | "team" | "server", most?: number): (name: string) => string {
  const [otherwise] = useState(() => someSlug(noun));
  return (name) => (name.trim() === "" ? "" : (slugOf(name, most) ?? otherwise));
}
