// The page: its parts, its forms, and what goes wrong in them.

import { Problem } from "./api.js";

/** Somebody closed a dialog. */
export class Cancelled extends Error {}

/** The part of the page that the selector finds. */
export function part<E extends HTMLElement = HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Shows one view of the page, and has a screen reader say which. */
export function show(id: string, status = ""): void {
  for (const view of document.querySelectorAll<HTMLElement>("main > section")) view.hidden = view.id !== id;
  const heading = part(`#${id} h1`);
  document.title = `${heading.textContent} – Hexauth`;
  heading.focus();
  say(status);
}

/** Says what was done. */
export function say(status: string): void {
  part("#status").textContent = status;
}

/** Does something when a form is sent, with what its fields hold. */
export function onSubmit(selector: string, act: (field: (name: string) => string) => Promise<void>): void {
  const form = part<HTMLFormElement>(selector);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(form);
    void attempt(form, async () => {
      await act((name) => String(fields.get(name)));
      form.reset();
    });
  });
}

/** Does something when a button is pressed. */
export function onPress(button: string | HTMLElement, act: () => Promise<void>): void {
  const pressed = typeof button === "string" ? part(button) : button;
  pressed.addEventListener("click", () => void attempt(pressed.closest<HTMLElement>("form, section") ?? pressed, act));
}

/** Fills a list with a line and a button for each item. */
export function fill<T>(
  selector: string,
  items: T[],
  line: (item: T) => string,
  verb: string,
  act: (item: T) => Promise<void>,
): void {
  const entries = items.map((item) => {
    const entry = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = verb;
    button.setAttribute("aria-label", `${verb} ${line(item)}`);
    entry.append(line(item), button);
    onPress(button, () => act(item));
    return entry;
  });
  part(selector).replaceChildren(...(entries.length > 0 ? entries : ["None yet."]));
}

/** Does something in a part of the page, once at a time, and says there what goes wrong. */
export async function attempt(place: HTMLElement, act: () => Promise<void>): Promise<void> {
  if (place.hasAttribute("aria-busy")) return;
  place.setAttribute("aria-busy", "true");
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const alert of document.querySelectorAll("[role=alert]")) alert.remove();
  try {
    await act();
  } catch (fault) {
    tell(place, fault);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

function tell(place: HTMLElement, fault: unknown): void {
  if (fault instanceof Cancelled) return;
  const faults = fault instanceof Problem ? fault.document.errors ?? [] : [];
  const sentences = faults.flatMap((fault) => [fault.message, ...(fault.advice ?? [])]);
  const alert = document.createElement("p");
  alert.setAttribute("role", "alert");
  alert.textContent = sentences.join(" ") || (fault instanceof Error ? fault.message : String(fault));
  place.append(alert);
  const fields = faults.map(({ field }) => place.querySelector<HTMLElement>(`[name="${CSS.escape(field)}"]`));
  for (const field of fields) field?.setAttribute("aria-invalid", "true");
  fields[0]?.focus();
}
