import { Cart, total, type Order } from "./orders";

function report(error: unknown): void {
  console.log(JSON.stringify({ message: (error as Error).message, stack: (error as Error).stack }));
}

function checkout(order: Order | null): number {
  return total(order);
}

async function main(): Promise<void> {
  try {
    checkout(null);
  } catch (error) {
    report(error);
  }
  try {
    await new Cart({ tea: 1 }).reserve("tea", 2);
  } catch (error) {
    report(error);
  }
  try {
    [1].map((n) => {
      throw new Error(`inner ${n}`);
    });
  } catch (error) {
    report(error);
  }
}

void main();
