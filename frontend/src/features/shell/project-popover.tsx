"use client";

import { type ReactElement, useState } from "react";
import { useTranslations } from "use-intl";

import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";

import { ProjectList } from "./project-list";

interface ProjectPopoverProps {
  trigger: ReactElement;
  currentId: string | undefined;
  onChoose: (href: string) => void;
}

/** The list of projects below its button; open as it comes into the page. */
export function ProjectPopover({ trigger, currentId, onChoose }: ProjectPopoverProps) {
  const t = useTranslations("shell");
  const [isOpen, setOpen] = useState(true);
  return (
    <Popover open={isOpen} onOpenChange={setOpen}>
      <PopoverTrigger asChild>{trigger}</PopoverTrigger>
      <PopoverContent className="w-68 p-0" aria-label={t("switchProject")}>
        <ProjectList
          currentId={currentId}
          onChoose={(href) => {
            setOpen(false);
            onChoose(href);
          }}
        />
      </PopoverContent>
    </Popover>
  );
}
