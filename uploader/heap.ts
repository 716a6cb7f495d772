/** What a heap keeps in its members, so that one can be taken out wherever it is. */
export interface Placed<T extends Placed<T>> {
  heap: Heap<T> | null;
  place: number;
}

/**
 * Members in order, as far as anybody asks for it: the first is there at once, and putting in or taking out any of a
 * hundred thousand moves some seventeen. A member is in one heap at most.
 */
export class Heap<T extends Placed<T>> {
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
    // Whose parent was found, in order: the next one is the first of them.
    const coming = this.#members.slice(0, 1);
    for (let next = coming.shift(); next !== undefined; next = coming.shift()) {
      found.push(next);
      if (found.length >= count) break;
      for (const at of [2 * next.place + 1, 2 * next.place + 2]) {
        const child = this.#members[at];
        if (child !== undefined) coming.splice(this.#placeIn(coming, child), 0, child);
      }
    }
    return found;
  }

  /** Takes everything out. */
  clear(): T[] {
    const members = this.#members;
    this.#members = [];
    for (const member of members) member.heap = null;
    return members;
  }

  /** Where a member belongs among members in order. */
  #placeIn(inOrder: readonly T[], member: T): number {
    let [from, until] = [0, inOrder.length];
    while (from < until) {
      const middle = (from + until) >> 1;
      const other = inOrder[middle];
      if (other !== undefined && this.#isBefore(other, member)) from = middle + 1;
      else until = middle;
    }
    return from;
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
