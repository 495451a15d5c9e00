/** Runs before the router of the pages starts. */
import { watchTraversals } from "@/lib/leaving";

watchTraversals();
