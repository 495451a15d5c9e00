import type { Metadata } from "next";

import { LoginPage } from "@/features/login/login-page";

export const metadata: Metadata = { title: "Log in" };

export default function Page() {
  return <LoginPage />;
}
