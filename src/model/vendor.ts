/** Whose language the configuration of a router is written in. */
export const VENDORS = ['frr', 'bird'] as const;
export type Vendor = (typeof VENDORS)[number];
