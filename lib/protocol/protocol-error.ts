/** Something from outside is not what the protocol asks for. `message` says what is wrong and holds no secret. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
