/** An instant as every page prints it: in Shanghai, 2026-11-26 09:24:11. */
export const instant = (at) => new Date(at).toLocaleString("sv", { timeZone: "Asia/Shanghai" });
