"use client";

import { AskForMail } from "./ask-for-mail";

export function ForgotPasswordPage() {
  return <AskForMail what="password" />;
}
