"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { StarIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { api, read } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import { starOn, starsQuery, type StarTarget } from "@/lib/data/stars";
import { toast } from "@/lib/toasts";

import { useErrorText } from "./error-text";
import { Button } from "./ui/button";

/** Stars something for the user alone, and takes the star away again. Shows at once what the daemon is asked for. */
export function StarButton({ target, name }: { target: StarTarget; name: string }) {
  const t = useTranslations("stars");
  const errorText = useErrorText();
  const queryClient = useQueryClient();
  const stars = useQuery(starsQuery()).data;
  const star = stars === undefined ? undefined : starOn(stars, target);
  const toggle = useMutation({
    mutationFn: async () => {
      if (star === undefined) await read(api.POST("/api/v1/stars", { body: target }));
      else await read(api.DELETE("/api/v1/stars/{star}", { params: { path: { star: star.id } } }));
    },
    onSettled: () => queryClient.invalidateQueries(starsQuery()),
    onError: (cause) => {
      toast.error(errorText(cause));
    },
  });
  const isStarred = toggle.isPending ? star === undefined : star !== undefined;
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-pressed={isStarred}
      aria-label={t("star", { name })}
      onClick={() => {
        if (!toggle.isPending) toggle.mutate();
      }}
    >
      <StarIcon className={cn(isStarred ? "fill-warning-mark text-warning-mark" : "text-muted-foreground")} />
    </Button>
  );
}
