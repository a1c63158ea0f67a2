export { counted, formatAgo, formatBrief, formatClock, formatExactly, formatQuantity, formatWithWord, NO_VALUE, rateUnit } from './quantity'
export { exactText, parseQuantity, type Parsed } from './parse'
