import "server-only";
import { forbidden, notFound, redirect } from "next/navigation";
import { isAppError } from "@/lib/errors.ts";

/**
 * What a verb answers, for a page: its "no such thing" becomes the page that says so with status 404, its "your role
 * may not" the one with 403. Pages await it before anything is sent, or the status would be 200 already; for the
 * same reason there is no loading.tsx.
 */
export async function orNotFound<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    // An address that cannot be read, such as a cursor that somebody cut, leads nowhere either.
    if (isAppError(error) && (error.code === "not_found" || error.code === "invalid_input")) notFound();
    if (isAppError(error) && error.code === "forbidden") forbidden();
    if (isAppError(error) && error.code === "unauthenticated") redirect("/sign-in");
    throw error;
  }
}

/** What a verb answers, or null for "no such thing": for a part of a page that can be left out. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isAppError(error) && error.code === "not_found") return null;
    throw error;
  }
}
