"use client";

import { AskForMail } from "./ask-for-mail";

export function SignUpPage() {
  return <AskForMail what="account" />;
}
