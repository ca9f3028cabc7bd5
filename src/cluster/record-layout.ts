// The layouts of records that cross the network as they stand in rings: ring/operation-record.ts and ring/outcome-record.ts.
// Whoever moves a field there counts up here; a reader takes no other layout than its own.
export const OPERATION_LAYOUT = 1;
export const OUTCOME_LAYOUT = 2;
