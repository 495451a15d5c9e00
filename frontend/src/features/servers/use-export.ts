"use client";

import { useMutation } from "@tanstack/react-query";

import { useErrorText } from "@/components/error-text";
import { api, read } from "@/lib/api/client";
import { downloadText } from "@/lib/download";
import type { ProjectRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

/** Saves the project's servers as mcp-config.json, with placeholders for secrets. */
export function useExport(ref: ProjectRef): () => void {
  const errorText = useErrorText();
  const load = useMutation({
    mutationFn: () => read(api.GET("/api/v1/projects/{project}/export", { params: { path: ref } })),
    onSuccess: (config) => {
      downloadText("mcp-config.json", `${JSON.stringify(config, null, 2)}\n`, "application/json");
    },
    onError: (cause) => {
      toast.error(errorText(cause));
    },
  });
  return () => {
    load.mutate();
  };
}
