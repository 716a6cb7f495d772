import "server-only";
import { notFound } from "next/navigation";
import { isAppError } from "@/lib/errors.ts";

/** What a verb answers; its "no such thing" becomes the page that says so, with status 404. */
export async function orNotFound<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isAppError(error) && error.code === "not_found") notFound();
    throw error;
  }
}
