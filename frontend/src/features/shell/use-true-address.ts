"use client";

import { type QueryKey, useQuery, useQueryClient } from "@tanstack/react-query";
import { usePathname } from "next/navigation";
import { useEffect } from "react";

import { projectQuery } from "@/lib/data/projects";
import { serverQuery } from "@/lib/data/servers";
import { teamQuery } from "@/lib/data/teams";
import { segmentAfter, withSegmentAfter } from "@/lib/route";

/** Follows what the page is about to its new address, whoever gives it another name. */
export function useTrueAddress(isLoggedIn: boolean): void {
  const pathname = usePathname();
  const [project = "", server = "", team = ""] = ["projects", "servers", "teams"].map((noun) => segmentAfter(pathname, noun));
  const ofProject = projectQuery({ project });
  const ofServer = serverQuery({ project, server });
  const ofTeam = teamQuery(team);
  useFollow("projects", ofProject.queryKey, useQuery({ ...ofProject, enabled: isLoggedIn && project !== "" }).data?.slug);
  useFollow("servers", ofServer.queryKey, useQuery({ ...ofServer, enabled: isLoggedIn && server !== "" }).data?.alias);
  useFollow("teams", ofTeam.queryKey, useQuery({ ...ofTeam, enabled: isLoggedIn && team !== "" }).data?.slug);
}

/** `queryKey` ends with the name in the address, and what is kept of the thing begins with it. */
function useFollow(noun: string, queryKey: QueryKey, name: string | undefined): void {
  const queryClient = useQueryClient();
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    const before = JSON.parse(key) as QueryKey;
    if (name === undefined || name === before.at(-1)) return undefined;
    // Goes along, so that nothing on the page begins anew and what is written there stays. It is asked for again.
    for (const query of queryClient.getQueryCache().findAll({ queryKey: before })) {
      const moved = [...before.slice(0, -1), name, ...query.queryKey.slice(before.length)];
      if (query.state.data !== undefined) queryClient.setQueryData(moved, query.state.data, { updatedAt: 0 });
    }
    history.replaceState(null, "", withSegmentAfter(location.pathname, noun, name) + location.search + location.hash);
    return () => {
      queryClient.removeQueries({ queryKey: before });
    };
  }, [queryClient, noun, key, name]);
}
