"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const orders_1 = require("./orders");
function report(error) {
    console.log(JSON.stringify({ message: error.message, stack: error.stack }));
}
function checkout(order) {
    return (0, orders_1.total)(order);
}
async function main() {
    try {
        checkout(null);
    }
    catch (error) {
        report(error);
    }
    try {
        await new orders_1.Cart({ tea: 1 }).reserve("tea", 2);
    }
    catch (error) {
        report(error);
    }
    try {
        [1].map((n) => {
            throw new Error(`inner ${n}`);
        });
    }
    catch (error) {
        report(error);
    }
}
void main();
//# sourceMappingURL=main.js.map