// A process that reads a Nova database and drops the rows: node extract-reader.ts SOCKET prints rows and peak memory, MiB.
import { openNova, readInstances } from "../src/extract/instances/instance-extraction.ts";
import { dropRows } from "./drop-rows.ts";
import { readingOptions } from "./nova-database.ts";

const options = readingOptions(process.argv[2] ?? "");
const nova = await openNova(options);
const { rowsRead } = await readInstances(nova, { options, sink: dropRows });
await nova.database.close();
console.log(JSON.stringify({ rows: rowsRead, peak: process.resourceUsage().maxRSS / 1024 }));
