/** What a heap keeps in its members, so that one can be taken out wherever it is. */
export interface Placed<T extends Placed<T>> {
  heap: JobHeap<T> | null;
  place: number;
}

/**
 * Members in order, as far as anybody asks for it: the first is there at once, and putting in or taking out any of a
 * hundred thousand moves some seventeen. A member is in one heap at most.
 */
export class JobHeap<T extends Placed<T>> {
  #members: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#members.length;
  }

  get first(): T | null {
    return this.#members[0] ?? null;
  }

  put(member: T): void {
    member.heap = this;
    this.#set(this.#members.length, member);
    this.#rise(member.place);
  }

  remove(member: T): void {
    const { place } = member;
    member.heap = null;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#set(place, last);
    this.#rise(place);
    this.#sink(last.place);
  }

  /** The first members in order; nothing is moved. */
  few(count: number): T[] {
    const found: T[] = [];
    // Places whose parent was found: the next one is among them.
    const places = this.#members.length === 0 ? [] : [0];
    while (found.length < count && places.length > 0) {
      let best = 0;
      for (let at = 1; at < places.length; at++) if (this.#isSooner(places[at], places[best])) best = at;
      const [place = 0] = places.splice(best, 1);
      const member = this.#members[place];
      if (member === undefined) break;
      found.push(member);
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < this.#members.length) places.push(child);
    }
    return found;
  }

  /** Every member, in no order. */
  all(): readonly T[] {
    return this.#members;
  }

  /** Takes everything out. */
  clear(): T[] {
    const members = this.#members;
    this.#members = [];
    for (const member of members) member.heap = null;
    return members;
  }

  #rise(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (!this.#isSooner(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #sink(from: number): void {
    for (let place = from; ; ) {
      const left = 2 * place + 1;
      const right = left + 1;
      const child = right < this.#members.length && this.#isSooner(right, left) ? right : left;
      if (child >= this.#members.length || !this.#isSooner(child, place)) return;
      this.#swap(place, child);
      place = child;
    }
  }

  #isSooner(a = 0, b = 0): boolean {
    const [one, other] = [this.#members[a], this.#members[b]];
    return one !== undefined && other !== undefined && this.#isBefore(one, other);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#members[a], this.#members[b]];
    if (one === undefined || other === undefined) return;
    this.#set(a, other);
    this.#set(b, one);
  }

  #set(place: number, member: T): void {
    this.#members[place] = member;
    member.place = place;
  }
}
