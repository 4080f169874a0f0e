/** Whose language a router's configuration is written in. */
export const VENDORS = ['frr', 'bird'] as const;
export type Vendor = (typeof VENDORS)[number];
