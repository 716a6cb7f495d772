/**
 * Longest name of a machine's start or a process, in assertions as in heartbeats: cut in one and whole in the other it
 * would be two starts that take turns, as two machines with one key do.
 */
export const maxStartNameLength = 100;
