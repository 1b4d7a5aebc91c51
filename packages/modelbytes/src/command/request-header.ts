import { UsageError } from "./failure.ts";

/** Redirects that are followed, as many as `fetch` itself follows. */
const MOST_REDIRECTS = 20;

/** Headers that belong to the server that was named, as `fetch` treats them. */
const CREDENTIALS = ["authorization", "cookie", "proxy-authorization"];

/** Collects the values of `--header`. What is wrong with one is said without showing it: it may be a password. */
export function headerList(value: string, before: Headers = new Headers()): Headers {
  const [, name = "", text = ""] = /^([^:]+):(.*)$/s.exec(value) ?? [];
  const headers = new Headers(before);
  try {
    headers.append(name.trim(), text.trim());
  } catch {
    throw new UsageError("--header is not of the form 'Name: value'", "for example --header 'Authorization: Bearer …'");
  }
  return headers;
}

/** A `fetch` with more headers, which go to the server that is asked and not to others that it redirects to. */
export function fetchWith(headers: Headers): (request: Request) => Promise<Response> {
  return async (request) => {
    const asked = new URL(request.url);
    let url = asked;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const next = new Request(url, { headers: request.headers, signal: request.signal, redirect: "manual" });
      if (url.origin === asked.origin) for (const [name, value] of headers) next.headers.set(name, value);
      else for (const name of CREDENTIALS) next.headers.delete(name);
      const response = await fetch(next);
      const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get("location") : null;
      if (location === null) return response;
      await response.body?.cancel();
      url = new URL(location, url);
    }
    throw new TypeError(`more than ${MOST_REDIRECTS} redirects`);
  };
}
