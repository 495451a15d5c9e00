/**
 * Stands in for the package `react-style-singleton`, by which dialogs and menus lock the page's scrolling. That one
 * writes <style> elements, which our Content-Security-Policy forbids; constructed style sheets are allowed.
 */
import { useEffect } from "react";

interface Singleton {
  add: (css: string) => void;
  remove: () => void;
}

export function stylesheetSingleton(): Singleton {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  return {
    add(css) {
      users += 1;
      if (users > 1) return;
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    },
    remove() {
      users -= 1;
      if (users > 0) return;
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
      sheet = null;
    },
  };
}

export function styleHookSingleton(): (css: string, isDynamic?: boolean) => void {
  const singleton = stylesheetSingleton();
  return function useStyle(css, isDynamic) {
    const version = isDynamic === true ? css : "";
    useEffect(() => {
      singleton.add(css);
      return () => singleton.remove();
      // The first style stays, unless it is said to be dynamic.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [version]);
  };
}

export function styleSingleton(): (props: { styles: string; dynamic?: boolean }) => null {
  const useStyle = styleHookSingleton();
  return function Style({ styles, dynamic }) {
    useStyle(styles, dynamic);
    return null;
  };
}
