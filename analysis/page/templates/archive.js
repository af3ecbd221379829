"use strict";
// Reads what analysis/packing.py wrote: the length of a JSON head, the head, then typed arrays at multiples of eight bytes.
const KINDS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, float32: Float32Array };

async function unpacked(text) {
  const content = await inflated(text);
  const length = new DataView(content).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  let at = 4 + length;
  head.arrays = head.arrays.map(([kind, size]) => {
    at += (8 - (at % 8)) % 8;
    const values = new KINDS[kind](content, at, size);
    at += values.byteLength;
    return values;
  });
  return head;
}

function inflated(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
