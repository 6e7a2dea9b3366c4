/** The text form of server-sent events (WHATWG HTML, section 9.2.6), as a parser that is fed piece by piece. */

export interface ServerSentEvent {
  id: string;
  event: string;
  data: string;
}

export class EventLines {
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];

  /** Take the next piece of the stream and return the events that it completes. */
  feed(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const text = this.rest + piece;
    // A lone CR at the end may be half of a CRLF: keep it for the next piece.
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const lines = whole.split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? "") + (whole === text ? "" : "\r");
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) {
          events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
        }
        this.event = "";
        this.data = [];
      } else if (!line.startsWith(":")) {
        this.field(line);
      }
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") this.id = value;
    else if (name === "event") this.event = value;
    else if (name === "data") this.data.push(value);
  }
}
