// Makes images with sharp, warm: each line in is one batch as JSON, each line out the seconds that it took.
//
// Its quickest way where it was measured: four images in flight, as many threads for each as there are cores,
// no cache; several sizes from one decode, the smaller ones from the pixels of the largest.
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { basename, extname, join } from "node:path";
import { createInterface } from "node:readline";

const sharp = createRequire(join(process.argv[2], "here.js"))("sharp");
const IN_FLIGHT = 4;
sharp.cache(false);
sharp.concurrency(cpus().length);

const inside = (edge) => ({ width: edge, height: edge, fit: "inside", withoutEnlargement: true });

async function one(source, { out, edges, format, suffix, options }) {
  const target = (edge) => join(out, `${basename(source, extname(source))}-${edge}${suffix}`);
  const [largest, ...rest] = edges;
  if (rest.length === 0) {
    await sharp(source).resize(inside(largest)).toFormat(format, options).toFile(target(largest));
    return;
  }
  const { data, info } = await sharp(source).resize(inside(largest)).raw().toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } };
  await Promise.all([
    sharp(data, raw).toFormat(format, options).toFile(target(largest)),
    ...rest.map((edge) => sharp(data, raw).resize(inside(edge)).toFormat(format, options).toFile(target(edge))),
  ]);
}

for await (const line of createInterface({ input: process.stdin })) {
  const batch = JSON.parse(line);
  const waiting = [...batch.sources];
  const started = process.hrtime.bigint();
  const worker = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) await one(source, batch);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  console.log(Number(process.hrtime.bigint() - started) / 1e9);
}
