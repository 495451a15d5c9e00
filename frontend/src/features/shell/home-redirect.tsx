"use client";

import { useRouter } from "next/navigation";
import { useEffect } from "react";

import { paths } from "@/lib/paths";

/** The dashboard opens on the projects. */
export function HomeRedirect() {
  const router = useRouter();
  useEffect(() => {
    router.replace(paths.projects());
  }, [router]);
  return null;
}
