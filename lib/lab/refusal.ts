/**
 * An answer of the lab that is an error. It is no `SwitchgearError`: the lab plays a foreign server, whose statuses
 * and texts are its own.
 */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
  }
}
