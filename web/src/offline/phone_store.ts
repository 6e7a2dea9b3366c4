/** What the phone keeps without a signal: taps that wait, and the day's orders as they were last read. */

const NAME = "chuanyu";
const VERSION = 1;

export type Shelf = "taps" | "days";

export interface PhoneStore {
  get<T>(shelf: Shelf, key: string): Promise<T | null>;
  put(shelf: Shelf, key: string, value: unknown): Promise<void>;
  remove(shelf: Shelf, key: string): Promise<void>;
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB"));
  });
}

/** The store of this browser (IndexedDB). A write is on the phone when its promise is fulfilled. */
export function phoneStore(factory: IDBFactory): PhoneStore {
  let opened: Promise<IDBDatabase> | null = null;

  function open(): Promise<IDBDatabase> {
    opened ??= new Promise((resolve, reject) => {
      const request = factory.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        for (const shelf of ["taps", "days"]) request.result.createObjectStore(shelf);
      };
      request.onsuccess = () => {
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
    });
    return opened;
  }

  async function write(shelf: Shelf, change: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = (await open()).transaction(shelf, "readwrite", { durability: "strict" });
    change(transaction.objectStore(shelf));
    await done(transaction);
  }

  return {
    async get<T>(shelf: Shelf, key: string): Promise<T | null> {
      const store = (await open()).transaction(shelf).objectStore(shelf);
      return ((await asked(store.get(key))) as T | undefined) ?? null;
    },
    put: (shelf, key, value) => write(shelf, (store) => store.put(value, key)),
    remove: (shelf, key) => write(shelf, (store) => store.delete(key)),
  };
}
